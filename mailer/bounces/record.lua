-- Keeps one event of a mailing, unless the same was kept already.
--
-- KEYS[1]  {m<id>}:report:<digest>   string, for as long as ARGV[1] says: "this one was kept"
-- KEYS[2]  {m<id>}:reports           stream of events, the newest ARGV[2] or a few more
-- ARGV[1]  seconds after which the same counts as new
-- ARGV[2]  how many events are kept
-- ARGV[3]  the event, packed
-- Returns 1 if it was kept, 0 if it was a duplicate.

if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then
  return 0
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'event', ARGV[3])
return 1
