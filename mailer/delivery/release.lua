-- Give the lease of a batch back, if it is still ours.
-- KEYS[1] {cN}:mailing:<id>:lease:<batch>   string: the holder's fence
-- ARGV    fence
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
