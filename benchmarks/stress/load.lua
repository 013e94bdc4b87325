-- What wrk sends, and the one line of JSON that it prints at the end. Without arguments: GET the address, again and
-- again. With an answer: ask for a captcha, solve it by POST /guarded, and so on.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local answer = args[1]
  issued, passed, lost, other = 0, 0, 0, 0
  if not answer then return end
  local waiting, address = {}, wrk.format("GET", "/captcha/web")

  function request()
    local uuid = table.remove(waiting, 1)
    if not uuid then return address end
    local body = string.format('{"uuid":"%s","code":"%s"}', uuid, answer)
    return wrk.format("POST", "/guarded", {["Content-Type"] = "application/json"}, body)
  end

  function response(status, headers, body)
    local uuid = status == 200 and string.match(body, '"uuid":"(%d+)"')
    if uuid then
      issued = issued + 1
      table.insert(waiting, uuid)
    elseif status == 200 then
      passed = passed + 1
    elseif status == 422 then
      lost = lost + 1
    else
      other = other + 1
    end
  end
end

function done(summary, latency, requests)
  local sums = {issued = 0, passed = 0, lost = 0, other = 0}
  for _, thread in ipairs(threads) do
    for name in pairs(sums) do sums[name] = sums[name] + thread:get(name) end
  end
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p99":%d,"status_errors":%d,"socket_errors":%d,' ..
    '"issued":%d,"passed":%d,"lost":%d,"other":%d}',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    sums.issued, sums.passed, sums.lost, sums.other))
end
