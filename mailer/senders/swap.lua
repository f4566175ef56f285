-- Put records in the place of those that were read, all or none: whoever decided on other records must look again.
--
-- KEYS[1]  {dkim:<domain>}  hash: selector -> record
-- ARGV     in threes: selector, the record that was read ('' for none), the new record
--
-- Returns 1 if they are stored, also by an earlier run of the same call; 0 if somebody else was faster.

local is_done = true
for i = 1, #ARGV, 3 do
  local there = redis.call('HGET', KEYS[1], ARGV[i]) or ''
  if there ~= ARGV[i + 2] then
    is_done = false
    if there ~= ARGV[i + 1] then
      return 0
    end
  end
end
if not is_done then
  for i = 1, #ARGV, 3 do
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
  end
end
return 1
