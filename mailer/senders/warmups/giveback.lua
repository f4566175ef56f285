-- Give back leave that was taken and not used. The same take a second time does nothing.
-- KEYS[1] {warmup:<domain>}:used          hash: `<beginning in ms>:<day>` -> messages
-- KEYS[2] {warmup:<domain>}:back:<take>   string, expires: this was given back
-- ARGV    the day's field, how many
if not redis.call('SET', KEYS[2], '1', 'NX', 'EX', 3600) then
  return 0
end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  redis.call('HINCRBY', KEYS[1], ARGV[1], -tonumber(ARGV[2]))
end
return 1
