if [ "$1" -eq 0 ] && [ -d /run/systemd/system ]; then
    systemctl --no-reload disable --now live-data-watcher.service 'live-data-watcher@*.service' || :
fi
