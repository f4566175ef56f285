-- Move people of one chunk to a state on a list, so that nobody is ever in two states or half moved.
--
-- KEYS[1]  {cN}:scratch:mask      gone when the script ends
-- KEYS[2]  {cN}:scratch:some      gone when the script ends
-- KEYS[3]  {cN}:list:<id>:<state>  the state to move to
-- KEYS[4]  {cN}:list:<id>:<state>  the second state
-- KEYS[5]  {cN}:list:<id>:<state>  the third state
-- KEYS[6]  {cN}:list:<id>:<state>  the fourth state
-- KEYS[7]  {cN}:import:<id>:placed  whom an import moved; absent when it is not an import
-- ARGV[1]  the byte of the bitmap that the mask starts at
-- ARGV[2]  the mask: whom to move, as a piece of a bitmap
-- ARGV[3]  'go' if people in the second state may move, 'stay' if they stay there
-- ARGV[4]  the same for the third state
-- ARGV[5]  the same for the fourth state
-- ARGV[6]  the same for people who are in none
--
-- Returns four pieces of bitmap, each from byte ARGV[1] on: who moved now, who stayed in the second state, in the third,
-- in the fourth. All others of the mask were there already, or are in no state and stay so. AND-NOT is AND, then XOR: not
-- every server has BITOP DIFF.

local mask, some, target = KEYS[1], KEYS[2], KEYS[3]
local first = tonumber(ARGV[1])
local last = first + #ARGV[2] - 1
local stayed = {'', '', ''}

redis.call('DEL', mask, some)
redis.call('SETRANGE', mask, first, ARGV[2])

for i = 1, 3 do
  if ARGV[2 + i] == 'stay' then
    redis.call('BITOP', 'AND', some, mask, KEYS[3 + i])
    stayed[i] = redis.call('GETRANGE', some, first, last)
    redis.call('BITOP', 'XOR', mask, mask, some)
  end
end

redis.call('BITOP', 'AND', some, mask, target)
redis.call('BITOP', 'XOR', mask, mask, some)

if ARGV[6] == 'stay' then
  redis.call('BITOP', 'OR', some, KEYS[4], KEYS[5], KEYS[6])
  redis.call('BITOP', 'AND', mask, mask, some)
end

if redis.call('BITCOUNT', mask) > 0 then
  redis.call('BITOP', 'OR', target, target, mask)
  if KEYS[7] then
    redis.call('BITOP', 'OR', KEYS[7], KEYS[7], mask)
  end
  for i = 1, 3 do
    if ARGV[2 + i] == 'go' and redis.call('EXISTS', KEYS[3 + i]) == 1 then
      redis.call('BITOP', 'AND', some, mask, KEYS[3 + i])
      redis.call('BITOP', 'XOR', KEYS[3 + i], KEYS[3 + i], some)
    end
  end
end

local moved = redis.call('GETRANGE', mask, first, last)
redis.call('DEL', mask, some)
return {moved, stayed[1], stayed[2], stayed[3]}
