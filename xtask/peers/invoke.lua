-- Asks an endpoint with wrk, and prints what came of it as one line of JSON.
--
-- In the environment: INVOKE_BODY names the file that is sent, INVOKE_DELAY the milliseconds that a connection
-- waits between an answer and its next request (none when absent).

local path = os.getenv("INVOKE_BODY")
local file = assert(io.open(path, "rb"), "INVOKE_BODY names no file")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "text/csv"
wrk.headers["Accept"] = "application/json"
file:close()

local pause = tonumber(os.getenv("INVOKE_DELAY") or "")
if pause then
   function delay()
      return pause
   end
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '{"requests":%d,"seconds":%.6f,"p50_ms":%.4f,"p99_ms":%.4f,"max_ms":%.4f,'
         .. '"refused":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\n',
      summary.requests, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
      errors.status, errors.connect, errors.read, errors.write, errors.timeout
   ))
end
