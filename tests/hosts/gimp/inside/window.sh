#!/bin/bash
# A real GIMP window under Xvfb: opens the dialog by an interactive call, takes screenshots, accepts, then Ctrl+Z.
set -u
# Each screenshot has a time limit: when its window is gone, `import` waits for somebody to click on another.
export GDK_BACKEND=x11 NO_AT_BRIDGE=1 XDG_RUNTIME_DIR="$HOME/xdg"
mkdir -p "$XDG_RUNTIME_DIR"; chmod 700 "$XDG_RUNTIME_DIR"
printf '(config-version "%s")\n(show-welcome-dialog no)\n' "$(gimp --version | grep -oE '[0-9.]+$')" > "$GIMP3_DIRECTORY/gimprc"
Xvfb -displayfd 1 -screen 0 1366x768x24 -nolisten tcp >"$HOME/display" 2>/dev/null & XVFB=$!   # a free display
for _ in $(seq 1 100); do [ -s "$HOME/display" ] && break; sleep 0.1; done
DISPLAY=":$(cat "$HOME/display")"; export DISPLAY
openbox >/dev/null 2>&1 & BOX=$!
gimp --no-splash -n -s "$PICTURE" --quit --batch-interpreter python-fu-eval \
    -b "exec(compile(open('$INSIDE/window.py').read(), 'window.py', 'exec'))" > "$OUT/window.log" 2>&1 & GIMP=$!
dialog=
for _ in $(seq 1 400); do
    sleep 0.5
    dialog=$(xdotool search --name 'Upscale|Depixel' 2>/dev/null | tail -1)
    [ -n "$dialog" ] && break
    kill -0 $GIMP 2>/dev/null || break
done
xdotool mousemove 1360 760   # no tooltip in the picture
sleep 3
timeout 20 import -window root "$OUT/window-dialog-root.png"
if [ -n "$dialog" ]; then
    timeout 20 import -window "$dialog" "$OUT/window-dialog.png"
    xdotool windowactivate --sync "$dialog" 2>/dev/null
    # The line between before and after, far to the right; counted from below, since rows above come
    # and go. Below it: the buttons, and the words on the answer in two lines.
    height=$(xdotool getwindowgeometry --shell "$dialog" | sed -n 's/^HEIGHT=//p')
    xdotool mousemove --window "$dialog" 305 $((height - 225)) click 1
    for _ in $(seq 1 60); do   # until the picture before is seen beside the answer
        sleep 2
        timeout 20 import -window "$dialog" "$OUT/window-preview.png"
        differing=$(convert "$OUT/window-dialog.png" "$OUT/window-preview.png" -crop 280x280+24+24 +repage \
            -compose difference -composite -colorspace gray -threshold 0 -format '%[fx:round(mean*w*h)]' info: 2>/dev/null)
        [ "${differing:-0}" -gt 100 ] && break
    done
    xdotool key --window "$dialog" Return
    sleep 1
    xdotool search --name 'Upscale|Depixel' >/dev/null 2>&1 && xdotool key alt+o
fi
for _ in $(seq 1 400); do sleep 0.5; grep -q ACCEPTED "$OUT/window.log" && break; kill -0 $GIMP 2>/dev/null || break; done
sleep 2
timeout 20 import -window root "$OUT/window-after.png"
for _ in $(seq 1 600); do sleep 0.5; kill -0 $GIMP 2>/dev/null || break; done
kill $GIMP 2>/dev/null; wait $GIMP
kill $BOX $XVFB
