-- Give back leave that was taken and not used, in the slots in which it was taken. The same id a second time does nothing.
-- KEYS[1] {relay:<name>}:used          hash: `<seconds>:<slot>` -> messages
-- KEYS[2] {relay:<name>}:back:<id>     string, expires: this was given back
-- ARGV[1] when it was taken (ms)   ARGV[2] how many   then for each limit: seconds, amount, milliseconds of a slot
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', 600000) then
  return 0
end
for at = 3, #ARGV, 3 do
  local field = ARGV[at] .. ':' .. math.floor(tonumber(ARGV[1]) / tonumber(ARGV[at + 2]))
  if redis.call('HEXISTS', KEYS[1], field) == 1 then
    redis.call('HINCRBY', KEYS[1], field, -tonumber(ARGV[2]))
  end
end
return 1
