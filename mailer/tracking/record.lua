-- Write one person's hits and what they come to, unless somebody else has written since they were read.
-- KEYS[1]  {cN}:mailing:<id>:hits:<bucket>   hash: position in the bucket -> packed hits
-- KEYS[2..] bitmaps in which the person has, or no longer has, a bit
-- ARGV[1]  position in the bucket  ARGV[2] the hits as they were read, '' for none  ARGV[3] the hits now
-- ARGV[4]  position in the chunk   ARGV[5..] 1 or 0 for each bitmap
-- Answers 1, or 0 if the hits are others now and nothing was written. The same call again writes the same.
local there = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if there ~= ARGV[2] and there ~= ARGV[3] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
for key = 2, #KEYS do
  -- A bitmap with nobody in it stays away.
  if ARGV[key + 3] == '1' or redis.call('EXISTS', KEYS[key]) == 1 then
    redis.call('SETBIT', KEYS[key], ARGV[4], ARGV[key + 3])
  end
end
return 1
