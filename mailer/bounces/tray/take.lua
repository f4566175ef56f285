-- Take out the report that is due longest; until the lease ends nobody else takes it.
--
-- KEYS[1]  {reports}:due       sorted set: id by the time when it is due
-- KEYS[2]  {reports}:aside     sorted set: id by the time when it was set aside
-- ARGV[1]  {reports}:report:   what the key of a report begins with
-- ARGV[2]  now, in milliseconds
-- ARGV[3]  when the lease ends, in milliseconds
-- ARGV[4]  how often a report is tried
-- ARGV[5]  what to say of one whose worker died each time
--
-- A try counts when it begins, so that a report that kills its worker is set aside too. Returns the id, or 0 if none
-- is due.

while true do
  local id = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'LIMIT', 0, 1)[1]
  if not id then
    return 0
  end
  local key = ARGV[1] .. id
  if redis.call('EXISTS', key) == 0 then
    redis.call('ZREM', KEYS[1], id)
  elseif tonumber(redis.call('HGET', key, 'tries') or 0) >= tonumber(ARGV[4]) then
    redis.call('ZREM', KEYS[1], id)
    redis.call('ZADD', KEYS[2], ARGV[2], id)
    redis.call('HSETNX', key, 'sentence', ARGV[5])
  else
    redis.call('HINCRBY', key, 'tries', 1)
    redis.call('ZADD', KEYS[1], ARGV[3], id)
    return tonumber(id)
  end
end
