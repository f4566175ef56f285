-- Write a batch's words and replies and renew its lease, if nobody has taken the batch since.
-- The fence decides, not the lease: outcomes that arrive after an outage are still true if no other pass has begun.
-- KEYS[1] {cN}:mailing:<id>:lease:<batch>   string: the holder's fence
-- KEYS[2] {cN}:mailing:<id>:fences          hash: batch -> how often its lease was ever taken
-- KEYS[3] {cN}:mailing:<id>:replies         hash: position -> packed reply
-- KEYS[4..] the bitmaps to write
-- ARGV[1] batch  ARGV[2] fence  ARGV[3] milliseconds that the lease lasts  ARGV[4] first byte of the batch
-- ARGV[5..] the bytes of each bitmap, in the order of the keys; then position, packed reply ('' forgets it), ...
-- Answers 1, or 0 if the batch is somebody else's now and nothing was written.
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
local at = 5
for key = 4, #KEYS do
  redis.call('SETRANGE', KEYS[key], ARGV[4], ARGV[at])
  at = at + 1
end
for reply = at, #ARGV, 2 do
  if ARGV[reply + 1] == '' then
    redis.call('HDEL', KEYS[3], ARGV[reply])
  else
    redis.call('HSET', KEYS[3], ARGV[reply], ARGV[reply + 1])
  end
end
return 1
