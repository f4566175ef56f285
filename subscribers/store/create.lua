-- Write the records of new people of one bucket, where there is none yet.
--
-- KEYS[1]  {cN}:people:<bucket>   hash: position in the bucket -> packed Subscriber
-- ARGV     position, record, position, record, ...
--
-- Returns, for each, the record that stood there before, or an empty string where ours was written.
-- Run twice, it writes nothing the second time.

local before = {}
for i = 1, #ARGV, 2 do
  if redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) == 1 then
    before[#before + 1] = ''
  else
    before[#before + 1] = redis.call('HGET', KEYS[1], ARGV[i])
  end
end
return before
