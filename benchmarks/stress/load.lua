-- What wrk sends, and the one line of JSON that it prints at the end. Without arguments: GET the address, again and
-- again. With an answer: ask for captchas and solve them by POST /solve, each of them once and every tenth of those that
-- passed a second time, by POST /replay.

local threads = {}
local counts = {"issued", "passed", "lost", "replayed", "double", "other"}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local answer = args[1]
  issued, passed, lost, replayed, double, other = 0, 0, 0, 0, 0, 0
  if not answer then return end
  local waiting, solved, address = {}, {}, wrk.format("GET", "/captcha/web")

  local function solve(path, uuid)
    local body = string.format('{"uuid":"%s","code":"%s"}', uuid, answer)
    return wrk.format("POST", path, {["Content-Type"] = "application/json"}, body)
  end

  function request()
    if solved[1] then return solve("/replay", table.remove(solved)) end
    if waiting[1] then return solve("/solve", table.remove(waiting, 1)) end
    return address
  end

  -- wrk does not say which request an answer belongs to, so the answer has to.
  function response(status, headers, body)
    local of_issue = string.match(body, '"uuid":"(%d+)"')
    local of_pass = string.match(body, '"solved":"(%d+)"')
    if headers["Replay"] then
      if status == 200 then
        double = double + 1
      elseif status == 422 then
        replayed = replayed + 1
      else
        other = other + 1
      end
    elseif status == 200 and of_issue then
      issued = issued + 1
      table.insert(waiting, of_issue)
    elseif status == 200 and of_pass then
      passed = passed + 1
      if passed % 10 == 0 then table.insert(solved, of_pass) end
    elseif status == 422 then
      lost = lost + 1
    else
      other = other + 1
    end
  end
end

function done(summary, latency, requests)
  local members = {}
  for _, name in ipairs(counts) do
    local sum = 0
    for _, thread in ipairs(threads) do sum = sum + thread:get(name) end
    table.insert(members, string.format('"%s":%d', name, sum))
  end
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p99":%d,"status_errors":%d,"socket_errors":%d,%s}',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, table.concat(members, ",")))
end
