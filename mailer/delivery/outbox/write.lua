-- Write about a one-off, if the writer is who took it last.
--
-- KEYS[1]  {outbox}:message:<id>  hash
-- KEYS[2]  {outbox}:due           sorted set: id by the time when it is due
-- ARGV[1]  the id
-- ARGV[2]  the writer's fence
-- ARGV[3]  when it is due, in milliseconds; '' once it is settled
-- ARGV[4]  seconds for which it is kept, once it is settled
-- ARGV[5…] fields and values
--
-- Returns 1, or 0 if somebody else has taken it meanwhile, or it is settled. A repeated call changes nothing.

if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[2] or not redis.call('ZSCORE', KEYS[2], ARGV[1]) then
  return 0
end
for i = 5, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('HDEL', KEYS[1], 'message', 'claimed', 'due')
  redis.call('EXPIRE', KEYS[1], ARGV[4])
else
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
  redis.call('HSET', KEYS[1], 'due', ARGV[3])
end
return 1
