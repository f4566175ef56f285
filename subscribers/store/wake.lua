-- Make people of one chunk active again whose pause on a list is over.
--
-- KEYS[1]  {cN}:list:pauses   sorted set: list and position, by when they are active again
-- ARGV[1]  {cN}:list:         the bitmaps, but for list and state; they lie on the node of KEYS[1]
-- ARGV[2]  what time it is, in milliseconds
--
-- Who is not paused any more, because they left meanwhile or came back sooner, only loses the entry. Run twice, it
-- changes nothing the second time.

for _, entry in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])) do
  local list, position = string.match(entry, '^(%d+):(%d+)$')
  local paused = ARGV[1] .. list .. ':paused'
  if redis.call('GETBIT', paused, position) == 1 then
    redis.call('SETBIT', paused, position, 0)
    redis.call('SETBIT', ARGV[1] .. list .. ':active', position, 1)
  end
  redis.call('ZREM', KEYS[1], entry)
end
return 1
