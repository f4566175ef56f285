-- Put a report into the tray, if there is room.
--
-- KEYS[1]  {reports}:due       sorted set: id by the time when it is due
-- KEYS[2]  {reports}:aside     sorted set: id by the time when it was set aside
-- KEYS[3]  {reports}:bytes     string: the length of all messages in the tray
-- KEYS[4]  {reports}:last-id   string: the last id that was given
-- ARGV[1]  {reports}:report:   what the key of a report begins with
-- ARGV[2]  now, in milliseconds
-- ARGV[3]  before which time what was set aside is dropped, in milliseconds
-- ARGV[4]  how many reports may lie in the tray
-- ARGV[5]  how many bytes their messages may have together
-- ARGV[6]  the addresses that it came to, as JSON
-- ARGV[7]  the message
--
-- What was set aside makes room for what comes, the oldest first. Returns the id, or 0 if there is no room.

local function drop_aside(id)
  local key = ARGV[1] .. id
  redis.call('DECRBY', KEYS[3], redis.call('HSTRLEN', key, 'message'))
  redis.call('DEL', key)
  redis.call('ZREM', KEYS[2], id)
end

local function has_room()
  local count = redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[2])
  local bytes = tonumber(redis.call('GET', KEYS[3]) or 0) + #ARGV[7]
  return count < tonumber(ARGV[4]) and bytes <= tonumber(ARGV[5])
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])) do
  drop_aside(id)
end
while not has_room() do
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if not oldest then
    return 0
  end
  drop_aside(oldest)
end
local id = redis.call('INCR', KEYS[4])
redis.call('HSET', ARGV[1] .. id, 'recipients', ARGV[6], 'came', ARGV[2], 'message', ARGV[7])
redis.call('INCRBY', KEYS[3], #ARGV[7])
redis.call('ZADD', KEYS[1], ARGV[2], id)
return id
