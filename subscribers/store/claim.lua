-- Look up addresses of one shard, and give an id to each that has none; give none where there are none to give.
--
-- KEYS[1]  {aXX}:suppression   hash: digest -> packed Suppression
-- KEYS     {aXX}:addr:<2 hex>  the hashes that these addresses are in, each once: last 8 bytes of a digest -> id
-- ARGV[1]  the digests, without their first byte: nine bytes each
-- ARGV[2]  the first byte of all of them
-- ARGV[3]  the id for each address, as four bytes, the highest first; empty to look only
--
-- Returns the id of each address as it stands now (0 for none), then the places, from 1, of those that are suppressed.
-- Run twice, it gives nothing the second time: an address keeps the first id.

local digests = ARGV[1]
local any_suppressed = redis.call('EXISTS', KEYS[1]) == 1
local ids, suppressed, buckets = {}, {}, {}

for k = 2, #KEYS do
  buckets[tonumber(string.sub(KEYS[k], -2), 16)] = KEYS[k]
end

for place = 1, #digests / 9 do
  local start = place * 9 - 8
  local bucket = buckets[string.byte(digests, start)]
  local field = string.sub(digests, start + 1, start + 8)
  local id = 0
  if #ARGV[3] > 0 then
    id = struct.unpack('>I4', ARGV[3], place * 4 - 3)
  end
  if id == 0 or redis.call('HSETNX', bucket, field, id) == 0 then
    id = tonumber(redis.call('HGET', bucket, field) or 0)
  end
  ids[place] = id
  if any_suppressed and redis.call('HEXISTS', KEYS[1], ARGV[2] .. string.sub(digests, start, start + 8)) == 1 then
    suppressed[#suppressed + 1] = place
  end
end

return {ids, suppressed}
