-- Count a mailing's events up to one of them, if nobody has counted them meanwhile.
--
-- KEYS[1]  {m<id>}:quality  hash: cursor, and the counts
-- ARGV[1]  the cursor that counting began from, or '' at the beginning
-- ARGV[2]  the cursor now
-- ARGV[3..]  field, how many more, ...
-- Returns 1 if they were counted, 0 if somebody else (or this very call, tried again) has done it.

if (redis.call('HGET', KEYS[1], 'cursor') or '') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'cursor', ARGV[2])
for at = 3, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1])
end
return 1
