if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
    if [ "$1" -ge 1 ]; then
        systemctl try-restart live-data-watcher.service 'live-data-watcher@*.service' || :
    fi
fi
