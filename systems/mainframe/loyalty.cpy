      ******************************************************************
      *  LOYALTY ACCOUNTS, NIGHTLY FULL EXTRACT, ASCENDING BY ACCOUNT  *
      *  RECFM VB, TRANSFERRED IN BINARY WITH RDW, CODE PAGE 1047      *
      *  ONE HEADER, THE ACCOUNTS, ONE TRAILER. TIMES ARE UTC.         *
      ******************************************************************
       01  LOYALTY-HEADER.
           05  LH-TYPE                  PIC X(01).
               88  LH-IS-HEADER             VALUE 'H'.
           05  LH-SYSTEM                PIC X(08).
           05  LH-EXTRACTED-ON          PIC 9(08).
           05  FILLER                   PIC X(15).
       01  LOYALTY-ACCOUNT.
           05  LA-TYPE                  PIC X(01).
               88  LA-IS-ACCOUNT            VALUE 'D'.
           05  LA-ACCOUNT               PIC X(08).
           05  LA-HOLDER-KIND           PIC X(01).
               88  LA-IS-PERSON             VALUE 'P'.
               88  LA-IS-COMPANY            VALUE 'C'.
           05  LA-STATUS                PIC X(01).
               88  LA-IS-OPEN               VALUE 'A'.
               88  LA-IS-CLOSED             VALUE 'C' 'X'.
           05  LA-PERSON.
      *        LAST NAME, TWO SPACES, FIRST NAME
               10  LA-NAME              PIC X(40).
      *        YYYYMMDD, ZERO WHEN NOT KNOWN
               10  LA-BORN-ON           PIC 9(08).
           05  LA-COMPANY REDEFINES LA-PERSON.
               10  LA-COMPANY-NAME      PIC X(44).
               10  FILLER               PIC X(04).
      *    STREET, TOWN, POSTCODE, SPARE
           05  LA-ADDRESS-LINE          PIC X(30) OCCURS 4 TIMES.
           05  LA-COUNTRY               PIC X(02).
           05  LA-PHONE                 PIC X(16).
           05  LA-TIER                  PIC X(06).
           05  LA-POINTS                PIC S9(09) COMP-3.
           05  LA-CHANGED.
               10  LA-CHANGED-ON        PIC 9(08) COMP-3.
               10  LA-CHANGED-AT        PIC 9(06) COMP-3.
           05  LA-MOVEMENT-COUNT        PIC S9(04) COMP.
           05  LA-MOVEMENT OCCURS 0 TO 12 TIMES
                   DEPENDING ON LA-MOVEMENT-COUNT.
               10  LA-MOVED-ON          PIC 9(08) COMP-3.
               10  LA-MOVED-POINTS      PIC S9(05).
               10  LA-MOVED-AMOUNT      PIC S9(05)V99 COMP-3.
       01  LOYALTY-TRAILER.
           05  LT-TYPE                  PIC X(01).
               88  LT-IS-TRAILER            VALUE 'T'.
           05  LT-RECORDS               PIC 9(09).
      *    HASH TOTAL OF LA-POINTS OVER ALL ACCOUNTS
           05  LT-POINTS                PIC S9(15) COMP-3.
           05  FILLER                   PIC X(14).
