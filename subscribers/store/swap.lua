-- Put a value in the place of another, if that one still stands there.
--
-- KEYS[1]  {aXX}:suppression   hash: digest and newsletter -> packed Suppression
-- ARGV[1]  the field
-- ARGV[2]  the value that was read; empty where there was none
-- ARGV[3]  the value that shall stand there; empty for none
--
-- Returns 1 when that stands there now (also when it did before), 0 when somebody else was first.

local stands = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if stands == ARGV[3] then
  return 1
end
if stands ~= ARGV[2] then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
return 1
