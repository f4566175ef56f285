-- Write a person's record, if it is still the version that was read, and keep the index of its values with it.
--
-- KEYS[1]  {cN}:people:<bucket>   hash: position in the bucket -> packed Subscriber
-- KEYS     {cN}:with:<field>:<value>, ...   bitmaps of values that the person has now, or has no longer
-- ARGV[1]  position in the bucket
-- ARGV[2]  the version that was read
-- ARGV[3]  the new record
-- ARGV[4]  position in the chunk
-- ARGV     for each bitmap 1 (has the value now) or 0 (no longer)
--
-- Returns 1 when it stands there now (also when the same was written before), 0 when somebody else was first,
-- -1 when there is no such person.

local old = redis.call('HGET', KEYS[1], ARGV[1])
if not old then
  return -1
end
if old ~= ARGV[3] then
  -- A record is an array with a head of one byte; its first item is the version.
  local _, version = cmsgpack.unpack_one(old, 1)
  if version ~= tonumber(ARGV[2]) then
    return 0
  end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
for k = 2, #KEYS do
  redis.call('SETBIT', KEYS[k], ARGV[4], ARGV[3 + k])
end
return 1
