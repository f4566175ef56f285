-- Take one of the slots of a slowed destination, or keep the one that this holder has.
-- KEYS[1] {destination:<name>}:slots sorted set: holder -> when its lease runs out (ms)
-- ARGV    now (ms), how many there may be, holder, when its lease runs out (ms)
-- Answers 1, or 0 if all are taken.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if not redis.call('ZSCORE', KEYS[1], ARGV[3]) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  return 0
end
redis.call('ZADD', KEYS[1], ARGV[4], ARGV[3])
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[4]) - tonumber(ARGV[1]) + 60000)
return 1
