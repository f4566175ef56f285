-- Take a report out of the tray for good: it was worked off.
--
-- KEYS[1]  {reports}:report:<id>  hash
-- KEYS[2]  {reports}:due          sorted set: id by the time when it is due
-- KEYS[3]  {reports}:aside        sorted set: id by the time when it was set aside
-- KEYS[4]  {reports}:bytes        string: the length of all messages in the tray
-- ARGV[1]  the id
--
-- A repeated call changes nothing.

redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('DECRBY', KEYS[4], redis.call('HSTRLEN', KEYS[1], 'message'))
return redis.call('DEL', KEYS[1])
