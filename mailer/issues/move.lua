-- Move a mailing to a state, if it is in one that this may follow. One process wins; the others see where it is.
--
-- KEYS[1]  {m<id>}:mailing  hash: record, state, starts, started, finished, problem
-- ARGV[1]  the state to move to
-- ARGV[2]  the states that it may come from, with a space around each
-- ARGV[3]  now
-- ARGV[4]  when it is due, or '' to leave that as it is
-- ARGV[5]  the problem to show, or ''
-- ARGV[6]  the hash field that keeps the time of the first move here, or ''
--
-- Returns 'missing', 'moved', 'there' if it was in that state before (then only what was given is changed), or 'refused'.

local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return 'missing'
end

local is_there = state == ARGV[1]
if not is_there and not string.find(ARGV[2], ' ' .. state .. ' ', 1, true) then
  return 'refused'
end

if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], 'starts', ARGV[4])
end
if not is_there or ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], 'state', ARGV[1], 'problem', ARGV[5])
end
if not is_there and ARGV[6] ~= '' then
  redis.call('HSETNX', KEYS[1], ARGV[6], ARGV[3])
end
return is_there and 'there' or 'moved'
