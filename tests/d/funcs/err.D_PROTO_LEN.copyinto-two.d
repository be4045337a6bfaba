BEGIN { copyinto(0, 8); }
