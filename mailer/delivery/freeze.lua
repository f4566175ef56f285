-- Write a chunk's part of an audience and its exclusions, all in one step.
-- KEYS    {cN}:mailing:<id>:<word> ...   bitmaps
-- ARGV    the bytes of each, in the order of the keys; '' for one with nobody in it
for place, key in ipairs(KEYS) do
  if ARGV[place] == '' then
    redis.call('DEL', key)
  else
    redis.call('SET', key, ARGV[place])
  end
end
return #KEYS
