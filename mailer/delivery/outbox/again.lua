-- Make a settled one-off pending again, from its first try on.
--
-- KEYS[1]  {outbox}:message:<id>  hash
-- KEYS[2]  {outbox}:due           sorted set: id by the time when it is due
-- KEYS[3]  {outbox}:all           sorted set: id by the time when it was asked for
-- ARGV[1]  the id
-- ARGV[2]  the states that it may come from, with a space around each
-- ARGV[3]  now, in milliseconds
--
-- Returns 1, or 0 if it is in another state, on the wire, or gone. One that was put off is due at once.

local state = redis.call('HGET', KEYS[1], 'state')
if not state or not string.find(ARGV[2], ' ' .. state .. ' ', 1, true) then
  return 0
end
if state == 'pending' and redis.call('HGET', KEYS[1], 'claimed') == '1' then
  return 0
end
redis.call('PERSIST', KEYS[1])
redis.call('HDEL', KEYS[1], 'first', 'tries')
redis.call('HSET', KEYS[1], 'state', 'pending', 'due', ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
