-- Move a canary to a state, if it is in one that this may follow. One process wins.
--
-- KEYS[1]  {m<id>}:canary  hash: state, since, why
-- ARGV[1]  the state to move to
-- ARGV[2]  the states that it may come from, with a space around each
-- ARGV[3]  now  ARGV[4] why
-- ARGV[5]  the state of a canary that has none yet
-- Returns 1 if it was moved here, 0 if not.

local state = redis.call('HGET', KEYS[1], 'state') or ARGV[5]
if not string.find(ARGV[2], ' ' .. state .. ' ', 1, true) then
  return 0
end
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'since', ARGV[3], 'why', ARGV[4])
return 1
