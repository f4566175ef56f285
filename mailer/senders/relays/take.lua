-- Take leave to hand over some messages, if every limit has room for at least one.
-- KEYS[1] {relay:<name>}:used   hash: `<seconds>:<slot>` -> messages, one slot for a twentieth of the period
-- ARGV[1] now (ms)   ARGV[2] how many are wanted   then for each limit: seconds, amount, milliseconds of a slot
-- Answers {granted, 0}, or {0, milliseconds until there may be room}.
-- A call that is repeated because its answer was lost takes twice: less is handed over, never more.
local now, wanted = tonumber(ARGV[1]), tonumber(ARGV[2])
local used, first, oldest = {}, {}, {}
local stale, longest = {}, 0
for at = 3, #ARGV, 3 do
  local seconds, slot_ms = ARGV[at], tonumber(ARGV[at + 2])
  used[seconds], oldest[seconds] = 0, nil
  first[seconds] = math.floor(now / slot_ms) - 20
  longest = math.max(longest, tonumber(seconds) * 1000 + 2 * slot_ms)
end
local all = redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
  local seconds, slot = string.match(all[at], '^(%d+):(%d+)$')
  slot = tonumber(slot)
  if first[seconds] and slot >= first[seconds] then
    local count = tonumber(all[at + 1])
    used[seconds] = used[seconds] + count
    if count > 0 and (not oldest[seconds] or slot < oldest[seconds]) then
      oldest[seconds] = slot
    end
  else
    stale[#stale + 1] = all[at]
  end
end
if #stale > 0 then
  redis.call('HDEL', KEYS[1], unpack(stale, 1, math.min(#stale, 1000)))
end
local granted, wait = wanted, 0
for at = 3, #ARGV, 3 do
  local seconds, amount, slot_ms = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local room = amount - used[seconds]
  if room < 1 and oldest[seconds] then
    wait = math.max(wait, (oldest[seconds] + 21) * slot_ms - now)
  end
  granted = math.max(0, math.min(granted, room))
end
if granted < 1 then
  return {0, math.max(wait, 1)}
end
for at = 3, #ARGV, 3 do
  local slot = math.floor(now / tonumber(ARGV[at + 2]))
  redis.call('HINCRBY', KEYS[1], ARGV[at] .. ':' .. slot, granted)
end
redis.call('PEXPIRE', KEYS[1], longest)
return {granted, 0}
