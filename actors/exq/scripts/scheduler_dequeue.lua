-- Move one page of due jobs from a sorted set into their live queues, atomically.
--
-- KEYS[1]  zset    the jobs by due time: <prefix>schedule or <prefix>retry
-- ARGV[1]  how many members to examine at most
-- ARGV[2]  the latest score that is due, as Redis reads it
-- ARGV[3]  the prefix of every key: "<namespace>:" or ""
-- ARGV[4]  how many due members to pass over: those that earlier pages of this pass left where they are
--
-- Other keys, which depend on what the members say:
--   <prefix>queue:<queue>  list    a queue's live jobs
--   <prefix>queues         set     the queues' names
--   <prefix>set_aside      stream  members that no queue can be found for: member, set, score, reason, jid
--
-- Returns {examined, moved, kept, below zero, {queue, jobs, ...}, {entry id, reason, jid or nil, ...},
--          {key, why, jobs, ...}}: the last are keys that take no jobs; these jobs are kept in their set.
--
-- A key's type is looked at before it is written to, and every push comes before its removal: whatever fails, no job
-- is lost. What the queue is, is cjson's to say, as in Exq's script: a number is a queue's name too.

local CHUNK = 500 -- of a call with many arguments; Lua unpacks at most some thousands

local source, limit, max_score, prefix, offset = KEYS[1], tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local members = redis.call('ZRANGEBYSCORE', source, '0', max_score, 'LIMIT', offset, limit)
local below_zero = 0
if offset == 0 then
  below_zero = redis.call('ZCOUNT', source, '-inf', '(0')
end

local function type_of(key)
  local answer = redis.call('TYPE', key)
  return type(answer) == 'table' and answer.ok or answer
end

-- The queue that a member names, or nil and the reason why there is none; its jid, if it has one.
local function read(member)
  local ok, job = pcall(cjson.decode, member)
  if not ok then
    return nil, 'not JSON', nil
  end
  if type(job) ~= 'table' then
    return nil, 'not a JSON object', nil
  end
  local jid = job['jid']
  if type(jid) ~= 'string' and type(jid) ~= 'number' then
    jid = nil
  end
  local queue = job['queue']
  local kind = type(queue)
  if kind == 'string' or kind == 'number' then
    return queue, nil, jid
  elseif kind == 'nil' then
    return nil, 'no queue', jid
  elseif queue == cjson.null then
    return nil, 'queue is null', jid
  elseif kind == 'boolean' then
    return nil, 'queue is a boolean', jid
  end
  return nil, 'queue is an array or object', jid
end

local groups, by_key, bad = {}, {}, {}
for _, member in ipairs(members) do
  local queue, reason, jid = read(member)
  if queue == nil then
    bad[#bad + 1] = {member, reason, jid}
  else
    local key = prefix .. 'queue:' .. queue
    local group = by_key[key]
    if not group then
      group = {key = key, queue = queue, members = {}}
      by_key[key] = group
      groups[#groups + 1] = group
    end
    group.members[#group.members + 1] = member
  end
end

local moved, kept = 0, 0
local moved_by_queue, set_aside, stuck = {}, {}, {}

local function keep(key, why, jobs)
  kept = kept + jobs
  stuck[#stuck + 1] = key
  stuck[#stuck + 1] = why
  stuck[#stuck + 1] = jobs
end

local queues_key = prefix .. 'queues'
local queues_type = #groups > 0 and type_of(queues_key) or 'none'

for _, group in ipairs(groups) do
  local key, jobs = group.key, group.members
  local key_type = type_of(key)
  if queues_type ~= 'none' and queues_type ~= 'set' then
    keep(queues_key, queues_type, #jobs)
  elseif key_type ~= 'none' and key_type ~= 'list' then
    keep(key, key_type, #jobs)
  else
    redis.call('SADD', queues_key, group.queue)
    for first = 1, #jobs, CHUNK do
      local last = math.min(first + CHUNK - 1, #jobs)
      redis.call('LPUSH', key, unpack(jobs, first, last))
      redis.call('ZREM', source, unpack(jobs, first, last))
    end
    moved = moved + #jobs
    moved_by_queue[#moved_by_queue + 1] = string.sub(key, #prefix + 7)
    moved_by_queue[#moved_by_queue + 1] = #jobs
  end
end

if #bad > 0 then
  local aside_key = prefix .. 'set_aside'
  local aside_type = type_of(aside_key)
  if aside_type ~= 'none' and aside_type ~= 'stream' then
    keep(aside_key, aside_type, #bad)
  else
    for _, one in ipairs(bad) do
      local member, reason, jid = one[1], one[2], one[3]
      local score = redis.call('ZSCORE', source, member)
      local id
      if jid then
        id = redis.call('XADD', aside_key, '*', 'member', member, 'set', source, 'score', score,
          'reason', reason, 'jid', jid)
      else
        id = redis.call('XADD', aside_key, '*', 'member', member, 'set', source, 'score', score, 'reason', reason)
      end
      redis.call('ZREM', source, member)
      set_aside[#set_aside + 1] = id
      set_aside[#set_aside + 1] = reason
      set_aside[#set_aside + 1] = jid and tostring(jid) or false
    end
  end
end

return {#members, moved, kept, below_zero, moved_by_queue, set_aside, stuck}
