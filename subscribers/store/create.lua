-- Write the records of new people of one bucket, where there is none yet.
--
-- KEYS[1]  {cN}:people:<bucket>     hash: position in the bucket -> packed Subscriber
-- KEYS[2]  {cN}:everyone            bitmap of who has a record
-- KEYS[3]  {cN}:import:<id>:new     bitmap of whom an import made; absent when it is not an import
-- ARGV[1]  position in the chunk of the bucket's first person
-- ARGV     position in the bucket, record, position, record, ...
--
-- Returns place and record of each that stood there before: the place counts the pairs from 0.
-- Run twice, it writes nothing the second time.

local before, first = {}, tonumber(ARGV[1])
local count = (#ARGV - 1) / 2

for i = 2, #ARGV, 2 do
  if redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) == 0 then
    before[#before + 1] = (i - 2) / 2
    before[#before + 1] = redis.call('HGET', KEYS[1], ARGV[i])
  elseif count < 128 then
    for k = 2, #KEYS do
      redis.call('SETBIT', KEYS[k], first + ARGV[i], 1)
    end
  end
end

-- A whole bucket, as imports write them, is sixteen bytes of ones.
if count == 128 then
  for k = 2, #KEYS do
    if #before == 0 then
      redis.call('SETRANGE', KEYS[k], first / 8, string.rep('\255', 16))
    else
      local stood = {}
      for i = 1, #before, 2 do
        stood[before[i]] = true
      end
      for place = 0, 127 do
        if not stood[place] then
          redis.call('SETBIT', KEYS[k], first + ARGV[2 + 2 * place], 1)
        end
      end
    end
  end
end

return before
