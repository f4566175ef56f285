-- Take the lease of a batch, if nobody holds it.
-- KEYS[1] {cN}:mailing:<id>:lease:<batch>   string: the holder's fence; gone when it expires
-- KEYS[2] {cN}:mailing:<id>:fences          hash: batch -> how often its lease was ever taken
-- ARGV    batch, milliseconds that the lease lasts
-- Answers the fence (1, 2, ...) of the new lease, or minus the milliseconds that the present one still has.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return -math.max(redis.call('PTTL', KEYS[1]), 1)
end
local fence = redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
redis.call('SET', KEYS[1], fence, 'PX', ARGV[2])
return fence
