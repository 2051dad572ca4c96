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
--   <prefix>set_aside      stream  members that no queue can be found for: member, set (KEYS[1]), score, reason, jid
--
-- Returns {examined, moved, kept, below zero, {queue, jobs, ...}, {entry id, reason, jid or nil, ...},
--          {key, why, jobs, ...}}: the last are keys that take no jobs; these jobs are kept in their set. `below zero`
--          is counted on the first page only (ARGV[4] is 0). A jid is cut to JID_SHOWN bytes here, not in the stream.
--
-- A key's type is looked at before it is written to, and every push comes before its removal: whatever fails, no job
-- is lost. What the queue is, is cjson's to say, as in Exq's script: a number is a queue's name too.
--
-- Between two pages another client may take members that ARGV[4] counts. The next page then passes over as many that
-- nobody has looked at, for this pass: they have stayed in the set, and the next pass finds them.

local CHUNK = 500 -- of a call with many arguments; Lua unpacks at most some thousands
local JID_SHOWN = 255

local source, limit, max_score, prefix, offset = KEYS[1], tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local members = redis.call('ZRANGEBYSCORE', source, '0', max_score, 'LIMIT', offset, limit)
local below_zero = 0
if offset == 0 then
  below_zero = redis.call('ZCOUNT', source, '-inf', '(0')
end

-- A key's type. One that the user may not touch must not hold up the other queues' jobs, so that it counts as a type.
local function type_of(key)
  local answer = redis.pcall('TYPE', key)
  if type(answer) ~= 'table' then
    return answer
  elseif not answer.err then
    return answer.ok
  elseif string.find(answer.err, 'NOPERM', 1, true) or string.find(answer.err, "can't access", 1, true) then
    return 'key that the ACL forbids'
  end
  error(answer.err, 0)
end

-- The queue that a member names, or nil and the reason why there is none; its jid as text, if it has one.
local function read(member)
  local ok, job = pcall(cjson.decode, member)
  if not ok then
    return nil, 'not JSON: ' .. tostring(job), nil
  end
  if type(job) ~= 'table' then
    return nil, 'not a JSON object', nil
  end
  local queue, jid = job['queue'], job['jid']
  local kind = type(queue)
  if kind == 'string' or kind == 'number' then
    return queue, nil, nil
  end
  if type(jid) == 'number' then
    jid = string.format('%.17g', jid)
  elseif type(jid) ~= 'string' then
    jid = nil
  end
  if kind == 'nil' then
    return nil, 'no queue', jid
  elseif queue == cjson.null then
    return nil, 'queue is null', jid
  elseif kind == 'boolean' then
    return nil, 'queue is a boolean', jid
  end
  return nil, 'queue is an array or object', jid
end

-- One group for each live key, its jobs in score order. Several queues may share a key: 1.1 and "1.1" do, and the set
-- of names gets both texts, since SADD writes a number with more digits than `..` does.
local groups, by_key, by_queue, bad = {}, {}, {}, {}

local function group_of(queue)
  local key = prefix .. 'queue:' .. queue
  local group = by_key[key]
  if not group then
    group = {key = key, queues = {}, members = {}}
    by_key[key] = group
    groups[#groups + 1] = group
  end
  group.queues[#group.queues + 1] = queue
  if type(queue) == 'string' then -- as an index 0 is -0, but their keys differ
    by_queue[queue] = group
  end
  return group
end

for _, member in ipairs(members) do
  local queue, reason, jid = read(member)
  if queue == nil then
    bad[#bad + 1] = {member, reason, jid}
  else
    local group = by_queue[queue] or group_of(queue)
    group.members[#group.members + 1] = member
  end
end

local moved, kept = 0, 0
local moved_by_queue, set_aside, stuck = {}, {}, {}

local function keep(key, why, jobs)
  kept = kept + jobs
  for row = 1, #stuck, 3 do
    if stuck[row] == key then
      stuck[row + 2] = stuck[row + 2] + jobs
      return
    end
  end
  stuck[#stuck + 1] = key
  stuck[#stuck + 1] = why
  stuck[#stuck + 1] = jobs
end

local function move(group)
  local key, jobs = group.key, group.members
  for _, queue in ipairs(group.queues) do
    redis.call('SADD', prefix .. 'queues', queue)
  end
  for first = 1, #jobs, CHUNK do
    local last = math.min(first + CHUNK - 1, #jobs)
    redis.call('LPUSH', key, unpack(jobs, first, last))
    redis.call('ZREM', source, unpack(jobs, first, last))
  end
  moved = moved + #jobs
  moved_by_queue[#moved_by_queue + 1] = string.sub(key, #prefix + #'queue:' + 1)
  moved_by_queue[#moved_by_queue + 1] = #jobs
end

local queues_key = prefix .. 'queues'
local queues_type = #groups > 0 and type_of(queues_key) or 'none'

for _, group in ipairs(groups) do
  if queues_type ~= 'none' and queues_type ~= 'set' then
    keep(queues_key, queues_type, #group.members)
  else
    local key_type = type_of(group.key)
    if key_type ~= 'none' and key_type ~= 'list' then
      keep(group.key, key_type, #group.members)
    else
      move(group)
    end
  end
end

-- nil, or why the stream does not take the member. The one write that may fail for good although its key's type is
-- right (an id space used up): if that raised, it would block for ever what stands behind the page.
local function put_aside(key, member, reason, jid)
  local entry = {'member', member, 'set', source, 'score', redis.call('ZSCORE', source, member), 'reason', reason}
  if jid then
    entry[#entry + 1] = 'jid'
    entry[#entry + 1] = jid
  end
  local id = redis.pcall('XADD', key, '*', unpack(entry))
  if type(id) == 'table' then
    return 'stream that refuses entries (' .. tostring(id.err) .. ')'
  end
  redis.call('ZREM', source, member)
  set_aside[#set_aside + 1] = id
  set_aside[#set_aside + 1] = reason
  set_aside[#set_aside + 1] = jid and string.sub(jid, 1, JID_SHOWN) or false
  return nil
end

if #bad > 0 then
  local key = prefix .. 'set_aside'
  local key_type = type_of(key)
  if key_type ~= 'none' and key_type ~= 'stream' then
    keep(key, key_type, #bad)
  else
    for done, one in ipairs(bad) do
      local refusal = put_aside(key, one[1], one[2], one[3])
      if refusal then
        keep(key, refusal, #bad - done + 1)
        break
      end
    end
  end
end

return {#members, moved, kept, below_zero, moved_by_queue, set_aside, stuck}
