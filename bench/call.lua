-- What wrk sends and checks. Argument: a file with the body on its first line, what a good answer
-- contains on its second (perhaps nothing), and then one Authorization header a line (perhaps
-- empty), used in turn; and the milliseconds between two calls of one caller.
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
  local body = lines()
  expected, pause = lines(), tonumber(args[2])
  for authorization in lines do
    local headers = {
      ["Content-Type"] = "application/json",
      ["Accept"] = "application/json, text/event-stream",
    }
    if authorization ~= "" then headers["Authorization"] = authorization end
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
  right, wrong, first_wrong, waiting_since, times = 0, 0, "", 0, {}
  function request()
    number = number % #requests + 1
    waiting_since = now()
    return requests[number]
  end
  if pause > 0 then
    function delay() return pause end
  end
end

function response(status, headers, body)
  times[#times + 1] = now() - waiting_since
  waiting_since = 0
  local good = status == 200 and body:find('"result":', 1, true)
    and not body:find('"isError":true', 1, true)
    and (expected == "" or body:find(expected, 1, true))
  if good then
    right = right + 1
  else
    wrong = wrong + 1
    first_wrong = status .. " " .. body:sub(1, 300)
  end
end

-- The times mean something with one connection only: with more, requests overlap.
function done(summary)
  local thread = threads[1]
  local since = thread:get("waiting_since")
  local out = io.open(os.getenv("BENCH_ANSWERS"), "w")
  out:write(thread:get("right"), "\n", thread:get("wrong"), "\n", summary.duration, "\n")
  out:write((thread:get("first_wrong"):gsub("%s+", " ")), "\n")
  out:write(since > 0 and now() - since or 0, "\n")
  for _, time in ipairs(thread:get("times")) do out:write(time, "\n") end
  out:close()
end
