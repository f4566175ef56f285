-- Return every id that an address of one shard belongs to.
--
-- KEYS  {aXX}:addr:<2 hex>   all hashes of the shard

local ids = {}
for _, bucket in ipairs(KEYS) do
  for _, id in ipairs(redis.call('HVALS', bucket)) do
    ids[#ids + 1] = tonumber(id)
  end
end
return ids
