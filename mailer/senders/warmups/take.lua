-- Take leave to hand over some messages of a warm-up's day.
-- KEYS[1] {warmup:<domain>}:used   hash: `<beginning in ms>:<day>` -> messages; `takes` counts the calls
-- ARGV    the day's field, its ceiling, how many are wanted
-- Answers {granted, the number of this take}.
-- A call that is repeated because its answer was lost takes twice: less is handed over, never more.
local used = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
local granted = math.max(0, math.min(tonumber(ARGV[3]), tonumber(ARGV[2]) - used))
if granted < 1 then
  return {0, 0}
end
redis.call('HINCRBY', KEYS[1], ARGV[1], granted)
local take = redis.call('HINCRBY', KEYS[1], 'takes', 1)
-- Forty days after the last message nobody asks for any of these days.
redis.call('EXPIRE', KEYS[1], 3456000)
return {granted, take}
