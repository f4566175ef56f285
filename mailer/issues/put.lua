-- Store an issue, unless somebody else has stored it since it was read.
--
-- KEYS[1]  issue:<slug>  hash: version, record
-- ARGV[1]  the version that was read; 0 if it is new
-- ARGV[2]  the record, as JSON
--
-- Returns {1, the new version}, or {0, the version that is there}. The same call again is no conflict with itself: the
-- client repeats a call whose answer was lost.

local there = tonumber(redis.call('HGET', KEYS[1], 'version') or 0)
local read = tonumber(ARGV[1])

if there == read + 1 and redis.call('HGET', KEYS[1], 'record') == ARGV[2] then
  return {1, there}
end
if there ~= read then
  return {0, there}
end
redis.call('HSET', KEYS[1], 'version', read + 1, 'record', ARGV[2])
return {1, read + 1}
