<?php
// Answers 200 when the pod can serve: the database answers and the files are there.

require_once(dirname(__DIR__) . '/settings.php');

try {
    moodle_database()->query('SELECT 1');
    $data = moodle_setting('MOODLE_DATA', '/var/moodledata');
    if (!is_writable($data)) {
        throw new RuntimeException("can't write to $data");
    }
    echo "ready\n";
} catch (Throwable $error) {
    error_log('not ready: ' . $error->getMessage());
    http_response_code(503);
    echo "not ready\n";
}
