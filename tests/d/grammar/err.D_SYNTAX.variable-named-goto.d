int goto;
