-- Put an order into the outbox, unless one with its idempotency key is there.
--
-- KEYS[1]  {outbox}:key:<digest>  string: id
-- KEYS[2]  {outbox}:last-id       string: the last id given
-- KEYS[3]  {outbox}:due           sorted set: id by the time when it is due
-- KEYS[4]  {outbox}:all           sorted set: id by the time when it was asked for
-- ARGV[1]  {outbox}:message:      what the key of a message begins with
-- ARGV[2]  now, in milliseconds
-- ARGV[3]  the order, as JSON
-- ARGV[4]  seconds for which the idempotency key counts
-- ARGV[5]  milliseconds after which a settled message may be gone from the list
--
-- Returns {id, 1 if it is new else 0}. A repeated call finds the first one's id.

local there = redis.call('GET', KEYS[1])
if there then
  return {tonumber(there), 0}
end
local id = redis.call('INCR', KEYS[2])
redis.call('HSET', ARGV[1] .. id, 'order', ARGV[3], 'state', 'pending', 'due', ARGV[2])
redis.call('ZADD', KEYS[4], ARGV[2], id)
redis.call('ZADD', KEYS[3], ARGV[2], id)
redis.call('SET', KEYS[1], id, 'EX', ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', '(' .. (ARGV[2] - ARGV[5]))
return {id, 1}
