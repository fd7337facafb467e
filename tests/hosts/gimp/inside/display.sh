#!/bin/bash
# A real GIMP with windows on a display of its own; runs $SCRIPT inside, which works mouse and keys itself.
set -u
export GDK_BACKEND=x11 NO_AT_BRIDGE=1 XDG_RUNTIME_DIR="$HOME/xdg"
mkdir -p "$XDG_RUNTIME_DIR"; chmod 700 "$XDG_RUNTIME_DIR"
printf '(config-version "%s")\n(show-welcome-dialog no)\n(theme-color-scheme %s)\n' "$(gimp --version | grep -oE '[0-9.]+$')" "${SCHEME:-dark}" > "$GIMP3_DIRECTORY/gimprc"
rm -f "$HOME/display"
Xvfb -displayfd 1 -screen 0 1366x768x24 -nolisten tcp >"$HOME/display" 2>/dev/null & XVFB=$!   # a free display
for _ in $(seq 1 100); do [ -s "$HOME/display" ] && break; sleep 0.1; done
DISPLAY=":$(cat "$HOME/display")"; export DISPLAY
openbox >/dev/null 2>&1 & BOX=$!
gimp --no-splash -n -s "$PICTURE" --quit --batch-interpreter python-fu-eval \
    -b "exec(compile(open('$INSIDE/$SCRIPT').read(), '$SCRIPT', 'exec'))" > "$OUT/$SCRIPT.log" 2>&1
kill $BOX $XVFB
