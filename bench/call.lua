-- What wrk sends and checks. Arguments: a file; the milliseconds between two calls of one caller; and
-- the seconds at the start of which answers do not count. The file's lines are: the method; the path
-- (or nothing: the URL's); the body; what a good answer contains (perhaps nothing); "tool" if it is the
-- answer to a tool's call; and then the headers of one request a line (perhaps none), with tabs between
-- them, used in turn.
local ffi = require("ffi")
ffi.cdef("struct bench_moment { long s; long ns; }; int clock_gettime(int, struct bench_moment *);")
local moment = ffi.new("struct bench_moment")
local threads = {}

local function now() -- in microseconds, by the monotonic clock
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.s) * 1e6 + tonumber(moment.ns) / 1e3
end

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local requests, number = {}, 0
  local lines = io.lines(args[1])
  local method, path, body = lines(), lines(), lines()
  if path == "" then path = nil end
  if body == "" then body = nil end
  expected, is_tool = lines(), lines() == "tool"
  pause, lead = tonumber(args[2]), tonumber(args[3]) * 1e6
  for given in lines do
    local headers = {}
    for name, value in given:gmatch("([^\t:]+): ([^\t]+)") do headers[name] = value end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
  right, wrong, first_wrong, times = 0, 0, "", {}
  started, waiting_since = 0, 0
  function request()
    number = number % #requests + 1
    waiting_since = now()
    if started == 0 then started = waiting_since end
    return requests[number]
  end
  if pause > 0 then
    function delay() return pause end
  end
end

function response(status, headers, body)
  local ended = now()
  local time = ended - waiting_since
  waiting_since = 0
  local good = status == 200 and (expected == "" or body:find(expected, 1, true))
    and (not is_tool or body:find('"result":', 1, true)
      and not body:find('"isError":true', 1, true))
  if not good then
    wrong = wrong + 1
    first_wrong = status .. " ... " .. body:sub(-400)
  elseif ended >= started + lead then
    right = right + 1
    times[#times + 1] = time
  end
end

-- The times mean something with one connection a thread only: with more, requests overlap.
function done(summary)
  local right, wrong, first_wrong, times = 0, 0, "", {}
  for _, thread in ipairs(threads) do
    right, wrong = right + thread:get("right"), wrong + thread:get("wrong")
    if thread:get("first_wrong") ~= "" then first_wrong = thread:get("first_wrong") end
    for _, time in ipairs(thread:get("times")) do times[#times + 1] = time end
    -- A call that is unanswered at the end counts if it has waited for longer than is usual.
    local since = thread:get("waiting_since")
    if since > 0 and (now() - since > summary.duration / 20 or #times == 0) then
      times[#times + 1] = now() - since
    end
  end
  local failed = summary.errors
  local broken = failed.connect + failed.read + failed.write + failed.timeout
  if broken > 0 and first_wrong == "" then first_wrong = "connections that failed" end
  local out = io.open(os.getenv("BENCH_ANSWERS"), "w")
  out:write(right, "\n", wrong + broken, "\n", summary.duration, "\n")
  out:write((first_wrong:gsub("%s+", " ")), "\n")
  for _, time in ipairs(times) do out:write(time, "\n") end
  out:close()
end
