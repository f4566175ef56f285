-- Let a report be tried (again) at a time; one that was set aside, too.
--
-- KEYS[1]  {reports}:report:<id>  hash
-- KEYS[2]  {reports}:due          sorted set: id by the time when it is due
-- KEYS[3]  {reports}:aside        sorted set: id by the time when it was set aside
-- ARGV[1]  the id
-- ARGV[2]  when it is due, in milliseconds
-- ARGV[3]  what its tries change by; '' begins to count anew
-- ARGV[4…] fields and values
--
-- Returns 1, or 0 if it is not in the tray (any more).

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], 'tries', 'sentence')
else
  redis.call('HINCRBY', KEYS[1], 'tries', ARGV[3])
end
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
return 1
