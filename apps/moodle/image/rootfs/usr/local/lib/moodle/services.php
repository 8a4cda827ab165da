<?php
// After installing or upgrading: keeps Moodle's caches in Redis, and fetches the pack of
// the site's language. Changes nothing where it is so already.

define('CLI_SCRIPT', true);
require_once(__DIR__ . '/settings.php');
require(moodle_setting('MOODLE_ROOT', '/var/www/moodle') . '/config.php');

// Renamed in 4.5.
$writers = ['\core_cache\config_writer', '\cache_config_writer'];
$writer = class_exists($writers[0]) ? $writers[0]::instance() : $writers[1]::instance();
$wanted = [
    'server' => moodle_setting('MOODLE_REDIS_CACHE') . ':6379',
    'password' => moodle_secret('app/redis-password'),
    'prefix' => 'cache_',
    // PHP's own; without compression.
    'serializer' => 1,
    'compressor' => 0,
];
$stores = $writer->get_all_stores();
if (!isset($stores['redis'])) {
    $writer->add_store_instance('redis', 'redis', $wanted);
    echo "added Redis to the caches\n";
} else if (array_intersect_key($stores['redis']['configuration'], $wanted) != $wanted) {
    $writer->edit_store_instance('redis', 'redis', $wanted);
    echo "changed how the caches find Redis\n";
}
// Application, session and request; the last never leaves the process.
$writer->set_mode_mappings([1 => ['redis'], 2 => ['redis'], 4 => ['default_request']]);

$language = moodle_setting('MOODLE_LANGUAGE', 'en');
if ($language !== 'en' && !get_string_manager()->translation_exists($language, false)) {
    try {
        (new \tool_langimport\controller())->install_languagepacks($language);
        echo "fetched the language pack $language\n";
    } catch (Throwable $error) {
        // English is shown until the next run; nothing else depends on it.
        fwrite(STDERR, "could not fetch the language pack $language: {$error->getMessage()}\n");
    }
}
