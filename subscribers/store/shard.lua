-- Return every id that an address of one shard belongs to.
--
-- KEYS[1]  {aXX}:suppression   names the node; not read
-- ARGV[1]  {aXX}:addr:         the hashes of the shard, but for the last two hex digits

local ids = {}
for bucket = 0, 255 do
  for _, id in ipairs(redis.call('HVALS', ARGV[1] .. string.format('%02x', bucket))) do
    ids[#ids + 1] = tonumber(id)
  end
end
return ids
