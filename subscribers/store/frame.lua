-- Note what became of some rows of an import, if the import is still ours.
--
-- KEYS[1]  import:<id>     hash: what the import is and how far it has come
-- ARGV[1]  our fence: the number that we got when we took the import
-- ARGV     field, value, field, value, ...
--
-- Returns 1 when it stands there now, 2 when it does and somebody wishes the import cancelled, 0 when somebody else has
-- taken the import since.

if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then
  return 0
end
for i = 2, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
return redis.call('HGET', KEYS[1], 'wish') == 'cancel' and 2 or 1
