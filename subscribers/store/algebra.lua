-- Compute a set of one chunk from bitmaps, and count it.
--
-- KEYS     the bitmaps, then as many {cN}:scratch:<depth> as the computation is deep; those are gone when it ends
-- ARGV[1]  how many of the keys are bitmaps
-- ARGV[2]  'count' to return how many people are in the set, 'bits' to return the set as a bitmap
-- ARGV     the computation in postfix order: a bitmap's number from 1, or '|', '&', '-' for the two sets before
--
-- AND-NOT is AND, then XOR: not every server has BITOP DIFF. A set that is only one bitmap is not copied.

local bitmaps = tonumber(ARGV[1])
local stack = {}

local function scratch()
  return KEYS[bitmaps + #stack + 1]
end

for i = 3, #ARGV do
  local step = tonumber(ARGV[i])
  if step then
    stack[#stack + 1] = KEYS[step]
  else
    local second = table.remove(stack)
    local first = table.remove(stack)
    local into = scratch()
    if ARGV[i] == '|' then
      redis.call('BITOP', 'OR', into, first, second)
    elseif ARGV[i] == '&' then
      redis.call('BITOP', 'AND', into, first, second)
    elseif into == first then
      -- first - second = (first | second) ^ second, which needs no third place.
      redis.call('BITOP', 'OR', into, first, second)
      redis.call('BITOP', 'XOR', into, into, second)
    elseif into == second then
      error('a set stands above itself')
    else
      redis.call('BITOP', 'AND', into, first, second)
      redis.call('BITOP', 'XOR', into, first, into)
    end
    stack[#stack + 1] = into
  end
end

local answer
if ARGV[2] == 'count' then
  answer = redis.call('BITCOUNT', stack[1])
else
  answer = redis.call('GET', stack[1])
end
for i = bitmaps + 1, #KEYS do
  redis.call('DEL', KEYS[i])
end
return answer
