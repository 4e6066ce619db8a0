      * WRITES RECORDS WITH AN ITEM OF EVERY KIND. THE TEST PUTS IN
      * WHAT MOVES VALUES TO THEM AND WRITES EACH RECORD.
       IDENTIFICATION DIVISION.
       PROGRAM-ID. KINDS.
       ENVIRONMENT DIVISION.
       INPUT-OUTPUT SECTION.
       FILE-CONTROL.
           SELECT KINDS-FILE ASSIGN TO "kinds.dat"
               ORGANIZATION IS SEQUENTIAL.
       DATA DIVISION.
       FILE SECTION.
       FD  KINDS-FILE.
      *COPYBOOK
       01  KINDS.
           05  K-SIGNS.
               10  K-ZONED      PIC S9(4).
               10  K-LEADING    PIC S9(4) SIGN LEADING.
               10  K-FRONT      PIC S9(4) SIGN LEADING SEPARATE.
               10  K-BACK       PIC S9(4) SIGN TRAILING SEPARATE.
               10  K-DECIMAL    PIC S9(5)V99.
               10  K-SCALED     PIC 9(3)PPP.
               10  K-UNSIGNED   PIC 9(4).
           05  K-PACKED         PIC S9(17) COMP-3.
           05  K-EVEN           PIC S9(5)V9(3) COMP-3.
           05  K-HALF           PIC S9(4) COMP.
           05  K-FULL           PIC S9(7)V99 BINARY.
           05  K-LONG           PIC S9(18) COMP-4.
           05  K-NATIVE         PIC S9(4) COMP-5.
           05  K-ALIGNED.
               10  K-GAP        PIC X.
               10  K-SYNC       PIC S9(4) COMP SYNC.
               10  K-GAP-2      PIC X.
               10  K-SYNC-FULL  PIC S9(9) COMP SYNC.
      *END
       WORKING-STORAGE SECTION.
       01  WS-FROM.
           05  FILLER PIC X(26) VALUE "ABCDEFGHIJKLMNOPQRSTUVWXYZ".
           05  FILLER PIC X(15) VALUE "0123456789 -+{}".
       01  WS-TO.
           05  FILLER PIC X(13) VALUE X"C1C2C3C4C5C6C7C8C9D1D2D3D4".
           05  FILLER PIC X(13) VALUE X"D5D6D7D8D9E2E3E4E5E6E7E8E9".
           05  FILLER PIC X(10) VALUE X"F0F1F2F3F4F5F6F7F8F9".
           05  FILLER PIC X(05) VALUE X"40604EC0D0".
       PROCEDURE DIVISION.
           OPEN OUTPUT KINDS-FILE.
      *MOVES
           CLOSE KINDS-FILE.
           STOP RUN.
       WRITE-RECORD.
           INSPECT K-SIGNS CONVERTING WS-FROM TO WS-TO.
           WRITE KINDS.
