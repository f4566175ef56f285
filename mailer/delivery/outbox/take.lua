-- Take what is due: until the lease ends nobody else takes it, and whoever took it before can write no more.
--
-- KEYS[1]  {outbox}:due       sorted set: id by the time when it is due
-- ARGV[1]  {outbox}:message:  what the key of a message begins with
-- ARGV[2]  now, in milliseconds
-- ARGV[3]  when the lease ends, in milliseconds
-- ARGV[4]  how many to take at most
--
-- Returns id and fence of each, flat. A call whose answer was lost leaves them to whoever comes after the lease.

local taken = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'LIMIT', 0, ARGV[4])) do
  if redis.call('EXISTS', ARGV[1] .. id) == 0 then
    redis.call('ZREM', KEYS[1], id)
  else
    redis.call('ZADD', KEYS[1], ARGV[3], id)
    taken[#taken + 1] = tonumber(id)
    taken[#taken + 1] = redis.call('HINCRBY', ARGV[1] .. id, 'fence', 1)
  end
end
return taken
