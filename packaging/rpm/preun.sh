if [ "$1" -eq 0 ]; then
    if [ -d /run/systemd/system ]; then
        systemctl stop live-data-watcher.service 'live-data-watcher@*.service' || :
        systemctl --no-reload disable live-data-watcher.service || :
    fi
    # `disable` takes no pattern.
    rm -f /etc/systemd/system/*.wants/live-data-watcher@*.service
fi
