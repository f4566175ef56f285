-- Put people of one chunk into a bitmap, or take them out of it.
--
-- KEYS[1]  {cN}:scratch:mask   gone when the script ends
-- KEYS[2]  the bitmap
-- ARGV[1]  the byte of the bitmap that the mask starts at
-- ARGV[2]  the mask: whom, as a piece of a bitmap
-- ARGV[3]  'in' or 'out'
--
-- AND-NOT is OR, then XOR: not every server has BITOP DIFF. A bitmap without anybody in it goes.

redis.call('DEL', KEYS[1])
redis.call('SETRANGE', KEYS[1], ARGV[1], ARGV[2])
if ARGV[3] == 'in' then
  redis.call('BITOP', 'OR', KEYS[2], KEYS[2], KEYS[1])
elseif redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('BITOP', 'OR', KEYS[2], KEYS[2], KEYS[1])
  redis.call('BITOP', 'XOR', KEYS[2], KEYS[2], KEYS[1])
  if redis.call('BITCOUNT', KEYS[2]) == 0 then
    redis.call('DEL', KEYS[2])
  end
end
redis.call('DEL', KEYS[1])
return 1
