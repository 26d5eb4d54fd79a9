#!/bin/sh
# Start the gateway with the demo engine, stream one answer from it, and stop it again. Shows the
# text as it comes, then the first and the last frames of the stream.
set -eu
python=${PYTHON:-python3}
log=$(mktemp)
"$python" -m harmonium serve --port 0 2> "$log" &
gateway=$!
trap 'kill "$gateway" 2> /dev/null || true; wait "$gateway" 2> /dev/null || true; rm -f "$log"' EXIT

# Its first line says where it listens; from then on connections wait until it takes them.
until url=$(grep -o -m 1 'http://[0-9.:]*' "$log"); do
    kill -0 "$gateway" || { cat "$log"; exit 1; }
    sleep 0.1
done

show_stream='
import json, sys

frames, shown = [], None
for line in filter(None, map(str.strip, sys.stdin)):
    frames.append(line)
    if line.startswith("data: {"):
        for choice in json.loads(line[6:])["choices"]:
            for kind in ("reasoning", "content"):
                text = choice["delta"].get(kind)
                if text:
                    print(text if kind == shown else f"\n{kind}: {text}", end="", flush=True)
                    shown = kind
print("\n\nthe first frame and the last two of", len(frames), "as they came:")
print(frames[0], "...", *frames[-2:], sep="\n")
'
echo "curl -N $url/v1/chat/completions -d '{\"model\": \"demo\", \"stream\": true, ...}'"
curl --silent --show-error --no-buffer "$url/v1/chat/completions" \
    --header 'content-type: application/json' \
    --data '{"model": "demo", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}' |
    "$python" -c "$show_stream"
