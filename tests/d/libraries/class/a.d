#pragma D depends_on weather fair
