-- Return a batch's part of some bitmaps, as of one instant.
-- KEYS     {cN}:mailing:<id>:<word> ...   bitmaps
-- ARGV[1]  first byte of the batch   ARGV[2]  last byte
local parts = {}
for place, key in ipairs(KEYS) do
  parts[place] = redis.call('GETRANGE', key, ARGV[1], ARGV[2])
end
return parts
