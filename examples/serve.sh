#!/bin/sh
# Start the gateway with the demo engine, stream one answer from it, and stop it again.
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
echo "curl -N $url/v1/chat/completions -d '{\"model\": \"demo\", \"stream\": true, ...}'"
curl --silent --show-error --no-buffer "$url/v1/chat/completions" \
    --header 'content-type: application/json' \
    --data '{"model": "demo", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}'
